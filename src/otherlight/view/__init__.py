"""Looking at sets: a contact sheet as a picture, and a local page to leaf through images."""
