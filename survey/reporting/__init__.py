"""Tables, figures, the report, the export and its public edition."""
