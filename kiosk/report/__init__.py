"""What is printed: the report of a day, which tells of nobody, and the slip that a subject takes along.

day    numbers of a day      slip    one subject's referral slip      qr    the code on it, as one SVG path
printing    values and templates to HTML for A4, in any language
"""
