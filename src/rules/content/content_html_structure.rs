use super::{body, some};
use crate::facts::Facts;
use crate::facts::content::{Content, Html, SHORT};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// The HTML is built in a way that filters count
    ///
    /// ## What we saw
    /// The message has HTML without a plain-text part, or hardly any text beside pictures, or a plain-text part that says
    /// something else, or more HTML than Gmail shows, or elements that mail programs take out.
    ///
    /// ## Why mail suffers
    /// Each of these is a habit of spam, and filters give small points for it. What Gmail clips hides the end of the message,
    /// and with it the link to unsubscribe. None of it alone decides where a message goes.
    ///
    /// ## How to fix it
    /// Send multipart/alternative with a plain-text part that says the same; let text carry the message and pictures
    /// decorate it; keep the HTML below 80 KB; leave scripts and forms to your web site.
    ///
    /// ## How to check
    /// The structure of a new message: text beside HTML, both saying the same.
    pub RULE = "content-html-structure", Content, Low, judge,
    ["SpamAssassin MIME_HTML_ONLY, HTML_IMAGE_ONLY_*, MPART_ALT_DIFF", "RFC 2046 §5.1.4"]
}

/// Gmail shows about 102 KB of HTML; it does not document this.
const CLIPPED: usize = 102 * 1024;

/// Characters beside a picture that count as hardly any text.
const FEW: usize = 30;

fn judge(facts: &Facts) -> Verdict {
    let content = match body(facts) {
        None => return Verdict::NotApplicable,
        Some(Err(gap)) => return Verdict::unknown(gap),
        Some(Ok(content)) => content,
    };
    let Some(html) = &content.html else { return Verdict::NotApplicable };
    let found = faults(content, html);
    let Some((worst, title, _)) = found.iter().max_by_key(|(severity, ..)| *severity) else { return Verdict::Pass };
    let mut told: Vec<String> = found.iter().map(|(_, title, _)| title.clone()).collect();
    // Each begins with "The" or "There".
    told.iter_mut().skip(1).for_each(|title| title.replace_range(..1, "t"));
    let fix = Remedy::new("Build the message so that text carries it.");
    let fix = found.iter().fold(fix, |fix, (.., step)| fix.step(*step));
    Finding::new(&RULE, title.clone())
        .severity(*worst)
        .sure(Confidence::Certain, "counted in the message")
        .explain(format!("{}. Filters give small points for this; alone it decides nothing.", some(&told, 6)))
        .exhibit(Exhibit::body("text/html", measures(content, html), "what was counted"))
        .fix(fix)
        .check("look at the source of a new message", "multipart/alternative with text and HTML that say the same")
        .into()
}

fn measures(content: &Content, html: &Html) -> String {
    let plain = content.text.map_or("no plain text".to_owned(), |n| format!("{n} characters of plain text"));
    let images = if html.images == 1 { "1 picture".to_owned() } else { format!("{} pictures", html.images) };
    format!("{} bytes of HTML with {} characters of text and {images}; {plain}", html.bytes, html.text)
}

fn faults(content: &Content, html: &Html) -> Vec<(Severity, String, &'static str)> {
    let mut out = Vec::new();
    if html.bytes > CLIPPED {
        let title = format!("The HTML has {} KB; Gmail clips it at about 102 KB", html.bytes / 1024);
        out.push((
            Severity::Low,
            title,
            "Keep the HTML below 80 KB: take out comments, styles and tracking that nobody needs.",
        ));
    }
    let pictures = html.images > html.small && html.text < SHORT;
    if pictures && html.text < FEW {
        let title = "The HTML is pictures with hardly any text".to_owned();
        let step =
            "Write the message as text: filters read no pictures, and many readers see none until they allow it.";
        out.push((Severity::Low, title, step));
    } else if pictures && !content.text.is_some_and(|plain| plain > 0 && plain <= html.text + FEW) {
        // A plain-text part that says no more shows that the text is the message.
        let title = "There is little text beside the pictures".to_owned();
        out.push((Severity::Info, title, "Say in words, too, what the pictures say."));
    }
    if !html.active.is_empty() {
        let title = format!("The HTML holds elements that mail programs take out: {}", some(&html.active, 5));
        out.push((Severity::Low, title, "Leave scripts, forms and frames to a web page, and link to it."));
    }
    if html.differs {
        let title = "The plain-text part says something else than the HTML".to_owned();
        out.push((Severity::Low, title, "Make the plain-text part from the HTML."));
    }
    if content.text.is_none_or(|n| n == 0) {
        let title = "There is HTML and no plain text".to_owned();
        out.push((
            Severity::Info,
            title,
            "Send multipart/alternative: the same message as plain text first, then as HTML.",
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::content::testing::*;

    fn judged(html: &str) -> Finding {
        only(judge(&facts(&message(HTML, html))))
    }

    fn both(text: &str, html: &str) -> String {
        let parts = format!(
            "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b\r\n{HTML}\r\n{html}\r\n--b--\r\n"
        );
        message("Content-Type: multipart/alternative; boundary=b\r\n", &parts)
    }

    #[test]
    fn each_habit_is_told() {
        let words = "These are a good many words of text. ".repeat(5);
        let only_html = judged(&format!("<p>{words}</p>"));
        assert_eq!((only_html.severity, only_html.title.as_str()), (Severity::Info, "There is HTML and no plain text"));
        let two = judged("<img src=a>").explanation;
        assert!(
            two.starts_with("The HTML is pictures with hardly any text and there is HTML and no plain text."),
            "{two}"
        );
        assert_eq!(judged("<img src=a>").title, "The HTML is pictures with hardly any text");
        let large = judged(&format!("<p>{}</p>", words.repeat(700)));
        assert!(large.title.contains("Gmail clips") && large.severity == Severity::Low, "{}", large.title);
        assert!(judged(&format!("<form></form><p>{words}</p>")).title.contains("form"));
        let text = "alpha bravo charlie delta echoes foxtrot golfing hotels indian juliet kilos limas";
        let html = "november oscars papas quebec romeo sierra tangos uniform victor whiskey xrays yankee";
        let differs = only(judge(&facts(&both(text, &format!("<p>{html}</p>")))));
        assert_eq!(differs.title, "The plain-text part says something else than the HTML");
    }

    #[test]
    fn a_short_text_beside_a_picture_is_a_message() {
        let code = "Your code is 123456. It is valid for ten minutes.";
        let beside = |picture: &str| judged(&format!("{picture}<p>{code}</p>")).explanation;
        assert!(!beside("<img src=a width=120 height=40>").contains("picture"));
        assert!(!beside("<img src=a width=1 height=1>").contains("picture"));
        let large = beside("<img src=a width=600>");
        assert!(large.starts_with("There is little text beside the pictures and there is HTML"), "{large}");
        let html = format!("<img src=a><p>{code}</p>");
        assert!(matches!(judge(&facts(&both(code, &html))), Verdict::Pass));
        let more = format!("{code} The picture tells the rest of the story, and here it is in full, word for word.");
        assert_eq!(only(judge(&facts(&both(&more, &html)))).title, "There is little text beside the pictures");
    }

    #[test]
    fn it_passes_is_silent_and_cannot_know() {
        let words = "These are a good many words of text, and they are the same in both of the parts. ".repeat(3);
        three_ways(&RULE, &both(&words, &format!("<p>{words}</p>")));
        assert!(matches!(judge(&facts(&message("", "plain\r\n"))), Verdict::NotApplicable));
    }
}
