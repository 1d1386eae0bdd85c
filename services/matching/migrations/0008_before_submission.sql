SELECT 'nothing yet';
