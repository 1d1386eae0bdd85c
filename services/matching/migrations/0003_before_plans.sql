-- Plans of the global allocation.
SELECT 'nothing yet';
