-- Public notices and what of the register is hidden.
SELECT 'nothing yet';
