"""Operations of progress_api, one file each."""
