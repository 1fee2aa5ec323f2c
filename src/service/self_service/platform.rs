//! Which platform a browser runs on, by what it says of itself (`User-Agent`, RFC 9110 section 10.1.5): a guess that
//! people can change, and nothing that anything is decided by.

use certporter_model::platform::Platform;

/// The guess.
#[must_use]
pub fn of_browser(agent: &str) -> Platform {
    let says = |word: &str| agent.contains(word);
    // An iPad asks for desktop pages as a Mac does; Android calls itself Linux too.
    if says("iPhone") || says("iPad") || says("iPod") {
        Platform::Ios
    } else if says("Android") {
        Platform::Android
    } else if says("Windows") {
        Platform::Windows
    } else if says("Macintosh") || says("Mac OS X") {
        Platform::Macos
    } else if says("Linux") || says("X11") {
        Platform::Linux
    } else {
        Platform::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_by_what_they_run_on() {
        for (agent, platform) in [
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15", Platform::Ios),
            ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36", Platform::Android),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", Platform::Windows),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", Platform::Macos),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Platform::Linux),
            ("", Platform::Other),
        ] {
            assert_eq!(of_browser(agent), platform, "{agent}");
        }
    }
}
