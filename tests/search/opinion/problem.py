"""What is wrong with a search, where it must be refused."""


class Problem(Exception):
    """The search is to be refused with a 400."""


class Unknown(Problem):
    """A name is not known, which a lenient search passes over."""
