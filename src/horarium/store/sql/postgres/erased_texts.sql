-- part: held_until_changed
FOR NO KEY UPDATE
