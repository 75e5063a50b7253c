"""The dialogue of `borgpull client add`: questions, a look, a proposal, and the way to the first backup."""
