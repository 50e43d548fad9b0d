"""The local stack and the Twilio simulator; never deployed."""
