"""The documents room: PDF, signatures, verification. It knows files and certificates, no database and no bus."""
