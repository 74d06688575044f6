"""The pages, one file per page: form → service → outcome → what the person reads."""
