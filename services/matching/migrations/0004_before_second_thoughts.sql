-- Counter-proposals, postponements and what may still be undone.
SELECT 'nothing yet';
