"""What a campaign or a screen will take, foretold without computing anything."""
