"""The built-in world: procedural, labelled street scenes that render in several conditions."""
