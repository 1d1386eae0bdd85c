-- What decisions taught the ranking.
SELECT 'nothing yet';
