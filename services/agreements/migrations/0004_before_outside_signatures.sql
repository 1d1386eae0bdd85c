-- Signatures made outside the system.
SELECT 'nothing yet';
