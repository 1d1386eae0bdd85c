-- What a need and an offer say, kept comparable in both languages and found by index.
SELECT 'nothing yet';
