"""The database, the journal, backups and the places they go to."""
