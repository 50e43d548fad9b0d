"""Masked two-way texting and safe data backfills for home-service businesses."""
