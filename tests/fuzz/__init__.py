"""What anybody may send: requests that fit the documented API, odd values in them, and forms filled in oddly."""
