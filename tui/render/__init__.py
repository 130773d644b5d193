"""What the engine knows, as Content to draw. Pure: the same facts give the same picture. Nothing is parsed as
markup.
"""
