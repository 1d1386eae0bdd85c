-- What counter-proposals and postponements ask of whom.
SELECT 'nothing yet';
