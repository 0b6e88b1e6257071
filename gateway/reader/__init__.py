"""Reads mails outside the process that asks: whoever needs a `Reading` of hostile bytes comes here (D7)."""
