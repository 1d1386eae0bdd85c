-- Amendments, renewals and several agreements of one match.
SELECT 'nothing yet';
