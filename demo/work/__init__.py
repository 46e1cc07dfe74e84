"""The work on photos: what computes, whose turn it is, where the PNG files lie."""
