-- The desk's list ranks and counts all files of a city by deadline: from this index alone, without a look at the rows.
CREATE INDEX agreement_counted ON agreement (city, state, deadline, owner, agreement_id);
DROP INDEX agreement_desk;
