//! Text can be read on its ground, by day and by night: WCAG 2.2, 1.4.3 (4.5 to 1) and 1.4.11 (3 to 1).

const STYLE: &str = include_str!("../../templates/static/style.css");

/// The colour of `name` in the `nth` list of colours: 0 is the light one, 1 the dark one.
fn colour(name: &str, nth: usize) -> [u8; 3] {
    let hex = STYLE.split(&format!("--{name}: #")).nth(nth + 1).and_then(|rest| rest.get(..6)).unwrap();
    [0, 2, 4].map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
}

fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn colours_differ_enough() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.01);
    for scheme in [0, 1] {
        for ground in ["paper", "panel", "note"] {
            for (ink, least) in
                [("ink", 4.5), ("soft", 4.5), ("link", 4.5), ("visited", 4.5), ("edge", 3.0), ("focus", 3.0)]
            {
                let ratio = contrast(colour(ink, scheme), colour(ground, scheme));
                assert!(ratio >= least, "{ink} on {ground} in scheme {scheme}: {ratio:.2}");
            }
        }
    }
}
