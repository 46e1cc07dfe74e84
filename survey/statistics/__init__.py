"""From ratings to answers: a file a question. `survey.statistics.questions.summary` asks them all.

Intervals come in two kinds: for other raters looking at these same photographs (`ci95_*`), and for
other raters and other photographs (`any95_*`), which every verdict rests on.
"""
