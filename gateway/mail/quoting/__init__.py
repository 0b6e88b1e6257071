"""A person's own words apart from what they quote: `own_words.split` is the way in."""
