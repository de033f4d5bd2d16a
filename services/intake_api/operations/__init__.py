"""Operations of intake_api, one file each."""
