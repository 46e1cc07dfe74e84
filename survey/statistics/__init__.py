"""From ratings to answers: a file a question. `survey.statistics.questions.summary` asks them all.

Every interval speaks of one population: of raters like those who took part, looking at these same
photographs. It does not say what other photographs would give.
"""
