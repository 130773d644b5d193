"""The terminal interface of the review: screens draw engine state and return the user's decisions."""
