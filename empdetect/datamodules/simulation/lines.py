"""The sentences of the simulated dialogues: our own words, written for this package.

A speaker's line is two short sentences, between which the listener makes a sound. A listener's line
is a template; ``{thing}``, ``{feeling}`` and ``{who}`` are filled from the topic that is told.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A story a speaker can tell.

    Args:
        name: short name of the topic.
        thing: what happened, as a listener would name it.
        feelings: words for how the speaker feels about it.
        who: another person in the story, seen from the listener.
        lines: the story in order; each line is two sentences.
    """

    name: str
    thing: str
    feelings: tuple[str, ...]
    who: str
    lines: tuple[tuple[str, str], ...]


TOPICS: tuple[Topic, ...] = (
    Topic(
        "job",
        "losing the job",
        ("ashamed", "worried", "shaken"),
        "your manager",
        (
            ("They let me go on Monday morning.", "I had eleven years in that office."),
            ("My desk was packed before I arrived.", "Nobody looked me in the eye."),
            ("I still set the alarm for six.", "Then I sit in the kitchen."),
            ("I have not told my parents yet.", "They were so proud of me."),
            ("The rent is due next week.", "I keep counting the same money."),
        ),
    ),
    Topic(
        "dog",
        "losing your dog",
        ("heartbroken", "empty", "lonely"),
        "the vet",
        (
            ("We had to put our old dog down.", "He slept by my bed for years."),
            ("The house is so quiet now.", "I keep listening for his steps."),
            ("I found his ball under the sofa.", "I could not throw it away."),
            ("My walk in the morning has no reason.", "I went anyway and cried."),
            ("People say it was only a dog.", "For me he was family."),
        ),
    ),
    Topic(
        "exam",
        "the exam",
        ("disappointed", "stupid", "tired"),
        "your teacher",
        (
            ("I failed the last exam again.", "I studied every night for months."),
            ("My mind went blank on page one.", "I heard only the clock."),
            ("All my friends passed and went out.", "I stayed in and pretended to sleep."),
            ("Maybe I am not made for this.", "I have never said that aloud."),
            ("There is one more try in spring.", "I do not know if I dare."),
        ),
    ),
    Topic(
        "hospital",
        "the operation",
        ("frightened", "helpless", "nervous"),
        "your mother",
        (
            ("My mother goes into hospital on Friday.", "They found something near her heart."),
            ("She jokes about it all the time.", "At night I hear her walking."),
            ("The doctor spoke very fast.", "I understood about half of it."),
            ("I packed her bag three times.", "I do not know what she needs."),
            ("I am supposed to be the strong one.", "Right now I am not strong."),
        ),
    ),
    Topic(
        "breakup",
        "the separation",
        ("hurt", "confused", "rejected"),
        "your partner",
        (
            ("We were together for six years.", "It ended with one phone call."),
            ("The second toothbrush is still there.", "I cannot move it."),
            ("I write messages and never send them.", "There are forty of them now."),
            ("Our friends do not know what to say.", "So they call less and less."),
            ("Yesterday I laughed for the first time.", "Then I felt guilty about it."),
        ),
    ),
    Topic(
        "move",
        "the move",
        ("homesick", "lost", "alone"),
        "your neighbours",
        (
            ("I moved here in the middle of winter.", "I did not know one person."),
            ("In the shop they ask me to repeat.", "I only wanted some bread."),
            ("On Sundays I call my old village.", "The line always breaks."),
            ("I cooked for eight people last week.", "Two of them came."),
            ("My balcony has a small lemon tree.", "It reminds me of home."),
        ),
    ),
    Topic(
        "accident",
        "the accident",
        ("scared", "tense", "guilty"),
        "the other driver",
        (
            ("A car hit us at the crossing.", "My son was in the back."),
            ("He was fine and I was shaking.", "I shook for two days."),
            ("I hear the brakes when I close my eyes.", "It is always the same sound."),
            ("I take the bus to work now.", "It takes me twice as long."),
            ("I should have seen that car.", "I go over it every night."),
        ),
    ),
    Topic(
        "friend",
        "that quarrel",
        ("angry", "betrayed", "sad"),
        "your friend",
        (
            ("My best friend told others my secret.", "I trusted her for twenty years."),
            ("I found out at a party.", "Everyone in the kitchen went silent."),
            ("She says she meant no harm.", "I do not know what to believe."),
            ("I miss her and I am furious.", "Both at the very same time."),
            ("Her birthday is on Saturday.", "I bought the present in March."),
        ),
    ),
    Topic(
        "baby",
        "these nights",
        ("exhausted", "overwhelmed", "desperate"),
        "your husband",
        (
            ("The baby has not slept since May.", "Neither have I, to be honest."),
            ("I love her more than anything.", "Some nights I just want to leave."),
            ("I forgot the stove on Tuesday.", "The whole flat was full of smoke."),
            ("Other mothers make it look easy.", "I smile back and feel false."),
            ("I cried in the car today.", "It was the only quiet place."),
        ),
    ),
    Topic(
        "farm",
        "selling the farm",
        ("torn", "sad", "bitter"),
        "your brother",
        (
            ("We are selling my father's farm.", "He planted every tree himself."),
            ("My brother wants it done by summer.", "He never liked the mud."),
            ("A man came and measured the barn.", "He stepped on the flower bed."),
            ("I took one box of old tools.", "They smell of oil and of him."),
            ("I dream that I lock the gate.", "Then I cannot find the key."),
        ),
    ),
    Topic(
        "diagnosis",
        "the diagnosis",
        ("afraid", "angry", "numb"),
        "your doctor",
        (
            ("The letter from the clinic came today.", "I read it standing in the hall."),
            ("It has a name now.", "I thought that would help me."),
            ("I looked it up until three.", "Every page said something else."),
            ("My wife wants to make plans.", "I only want to sit still."),
            ("I am forty and I feel old.", "My hands look like my grandfather's."),
        ),
    ),
    Topic(
        "band",
        "leaving the band",
        ("left out", "hurt", "jealous"),
        "the others",
        (
            ("The band goes on without me.", "They told me after the concert."),
            ("I wrote half of those songs.", "Now someone else sings them."),
            ("My guitar stands behind the door.", "I turn it to the wall."),
            ("They sent me two free tickets.", "I put them in a book."),
            ("I hum the old songs at work.", "Then I stop and feel foolish."),
        ),
    ),
)

SOUNDS: tuple[str, ...] = ("Mm.", "Oh.", "Yes.", "Right.", "Okay.", "Mm hm.")
"""What a listener says between two sentences, whatever the empathy: here only the voice tells."""

EMPATHIC: tuple[str, ...] = (
    "That sounds so painful, I am really sorry.",
    "You must have felt very {feeling} then.",
    "I can hear how {feeling} you are.",
    "Losing sleep over {thing} makes sense to me.",
    "Thank you for telling me about {thing}.",
    "No wonder you feel {feeling} right now.",
    "It hurts to hear what you carried alone.",
    "What was the hardest moment in it for you?",
    "I would feel {feeling} in your place too.",
    "Take your time, I am here with you.",
    "So {thing} still weighs on you every day.",
    "I am glad you did not keep it inside.",
    "You loved deeply, so of course it hurts.",
    "It sounds like {who} never saw your side.",
    "How are you holding up with all of this?",
    "That was a lot for one person to bear.",
    "I feel sad with you when I hear that.",
    "You are not weak, you are {feeling}.",
    "Do you want to tell me more about it?",
    "I imagine those hours felt endless to you.",
    "It is all right to be {feeling} about it.",
    "What you say about {thing} touches me.",
    "You wanted someone to notice, and nobody did.",
    "I understand why you cannot let it go.",
    "That must have been lonely for you.",
    "You did what you could with {thing}.",
    "I see how much this meant to you.",
    "It is hard to feel {feeling} and keep going.",
    "What would feel like comfort to you today?",
    "I am listening, please go on.",
    "Anyone would be {feeling} after such a day.",
    "You sound worn out, and I feel for you.",
    "It makes sense that {who} comes to mind.",
    "You have been so brave through {thing}.",
    "I wish you had not gone through that.",
    "I hear both the love and the anger there.",
    "Part of you still hopes, is that right?",
    "That silence must have hurt the most.",
    "You deserved more kindness from {who}.",
    "Being {feeling} for so long is exhausting.",
    "I am with you in this, truly.",
    "What do you need from me right now?",
    "Those are hard words to say aloud.",
    "I can see that {thing} changed everything.",
)
"""Listener lines that take up the speaker's feeling."""

UNEMPATHIC: tuple[str, ...] = (
    "Well, other people have it much worse.",
    "Sorry, what did you say, I was reading.",
    "You should simply make a list and move on.",
    "Honestly, {thing} is not such a big deal.",
    "Did you see the football last night?",
    "Just stop thinking about {thing}.",
    "You are too sensitive about these things.",
    "That reminds me of my own holiday.",
    "I would have fixed {thing} in a day.",
    "Look at the bright side for once.",
    "Have you tried going to bed earlier?",
    "It happens to everybody, get over it.",
    "Do you know what time it is?",
    "You only need a better plan for {thing}.",
    "My week was busy too, you know.",
    "There is no point in being {feeling}.",
    "Hold on, I have to answer this message.",
    "I am sure {who} had good reasons.",
    "You always make such a drama out of it.",
    "Download an app, it will sort you out.",
    "At least you had some free time.",
    "I told you this would happen.",
    "Can we talk about the weekend now?",
    "Drink some water and forget about {thing}.",
    "You chose it, so do not complain.",
    "Being {feeling} will not pay your bills.",
    "Somebody I know had a far bigger problem.",
    "Fine, whatever, let us order lunch.",
    "First you call {who}, then you apologise.",
    "It was probably your own mistake.",
    "Come on, {thing} was weeks ago.",
    "Cheer up, it could rain tomorrow.",
    "I lost the thread, was that about work?",
    "In my opinion {who} was quite right.",
    "You need to be more rational here.",
    "Time heals everything, so just wait.",
    "The answer is exercise, three times a week.",
    "Could you hurry up, I have a meeting.",
    "People get {feeling} far too easily today.",
    "Step one, ignore {thing} completely.",
    "I never worry about that kind of stuff.",
    "That is nothing, listen to what I did.",
    "You will laugh about it next year.",
    "Anyway, where did you buy that coat?",
)
"""Listener lines that are distracted, play the feeling down or give advice without listening."""
