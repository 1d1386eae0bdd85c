-- The toolkit that the Legal Office edits, and what is added to files.
SELECT 'nothing yet';
