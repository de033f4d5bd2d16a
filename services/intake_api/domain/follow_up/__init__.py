"""The programme's follow-up clocks: from when to when they run, and which visits satisfy them."""
