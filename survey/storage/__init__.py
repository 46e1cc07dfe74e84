"""One record of what happened, and the tables it comes to.

`store` is the database, `schema` its tables, `events` what can happen, `journal` the record as a
file, `record` both as one, `repository` and `responses` what is read of them, `erasure` how
people leave, `codes` what is shown once and stored as a hash, `legacy` the folders of before.

**A new column:** a migration in `schema` (`ALTER TABLE ... ADD COLUMN ... DEFAULT ...`), and its
value in the row where that is made (a participant, session or trial in `session.start`, a
response in `session.rating`). Events hold rows, so nothing else changes: events of before lack
the column and get its default. If it may point to a person, cut it in `erasure.anonymise`.

**A new event:** a frozen dataclass in `events` with an `apply(self, db)`, and its place in
`Event`. What is about one person has a field `person`, the participant's id: erasing finds it by
that. Let it happen with `record.append(TheEvent(...))` within `record.alone()`. Nothing else
writes to the tables: what did would differ from its events, and close the survey at the next
start.

**A new table** of which rows come from events: `schema`, and its name in `store.RESULTS` after
those that it refers to; rows about a person go in `events.delete_person` and are carried by
`erasure.person_as_told`. A table that is this folder's own (no event, no copy) is emptied in
`Store.snapshot`.
"""
