// What readers predict before the playground shows it. `act` sets a state up; the option that comes true is the `right` one.
"use strict";

const playgroundQuestions = {
  batch: [
    {
      asks: "One of the values becomes an outlier, far on the left. Where do the x̂ of the others go?",
      options: ["They stay where they are.", "They spread out.", "They crowd together, all above 0."],
      right: 2,
      act: (set) => set({ outlier: true }),
      because: "The outlier pulls the mean toward itself and makes the standard deviation large. All others pay for it: they share both.",
    },
    {
      asks: "Every value grows by 1. What do the x̂ do?",
      options: ["They grow as well.", "Nothing.", "They shrink."],
      right: 1,
      act: (set, x) => set({ x: x.map((value) => value + 1) }),
      because: "The mean grows by 1, too, and is subtracted. The outputs only know how the values stand to each other.",
    },
    {
      asks: "The batch shrinks to a single value. What is its x̂?",
      options: ["The value itself.", "1.", "0."],
      right: 2,
      act: (set, x) => set({ x: x.slice(0, 1) }),
      because: "It is its own mean, so x − μ is 0 whatever the value is, and y is β. Move it and see.",
    },
    {
      asks: "All values lie within 0.02 of 5, and ε is 0.001. Is the standard deviation of x̂ still 1?",
      options: ["Yes, nearly.", "No, it is well below 1.", "No, it is above 1."],
      right: 1,
      act: (set, x) => set({ x: x.map((_, i) => 5 + 0.02 * ((i % 3) - 1)) }),
      because: "Their variance is smaller than ε, so that ε decides what they are divided by. Lower ε, and it comes back to 1.",
    },
  ],
  moving: [
    {
      asks: "Inference: with moving statistics, one value moves far to the right. Which y move?",
      options: ["All of them.", "Its own alone.", "None."],
      right: 1,
      act: (set, x) => set({ steps: 20, useMoving: true }, (trained) => set({ x: [7.5, ...trained.slice(1)] })),
      because: "The moving statistics are constants now. The batch has no say any more.",
    },
    {
      asks: "The moving mean is 0, momentum is 0.9. After one step of training, how much of the way to the batch’s mean has it gone?",
      options: ["All of it.", "Nine tenths.", "One tenth."],
      right: 2,
      act: (set) => set({ steps: 1 }),
      because: "Keras’s momentum weights the old value: 0.9 of what was, 0.1 of what came.",
    },
    {
      asks: "After twenty steps a batch from elsewhere comes, around −3 in place of 3.5. With moving statistics, where is the mean of x̂?",
      options: ["At 0.", "Far below 0.", "Far above 0."],
      right: 1,
      act: (set) => set({ steps: 20, useMoving: true }, () => set({ elsewhere: true })),
      because: "It is measured against what training was used to. With this batch’s own statistics the difference would be gone, and nobody would see it.",
    },
  ],
};
