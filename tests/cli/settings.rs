//! The settings file, completions and manual pages, through the program.

use super::*;

fn with(home: &Home, text: &str) -> String {
    home.file("config.toml", text)
}

#[test]
fn the_file_fills_in_what_no_flag_says() {
    let home = Home::new();
    let file = with(&home, "fail-on = \"never\"\nresolver = \"192.0.2.53\"\n");
    let sample = ["diagnose", "--sample", "unaligned", "--now", NOW, "--config", &file];
    assert_eq!(home.run(&sample).status, 0);
    assert_eq!(home.run(&[&sample[..], &["--fail-on", "high"]].concat()).status, 1);
    let shown = home.run(&["config", "show", "-f", "plain", "--config", &file, "--try-timeout", "2"]).stdout;
    for line in
        ["resolver\t192.0.2.53:53\tfile", "fail-on\tnever\tfile", "try-timeout\t2s\tflag", "offline\tfalse\tdefault"]
    {
        assert!(shown.lines().any(|l| l == line), "{line}: {shown}");
    }
}

#[test]
fn a_slip_is_told_with_its_line_and_ends_with_two() {
    let home = Home::new();
    for (text, part) in [
        ("# mine\nresolvr = []\n", "line 2"),
        ("[keys]\ncopy_value = \"q\"\n", "q is bound to quit too"),
        ("theme = \"pink\"\n", "pink"),
    ] {
        let file = with(&home, text);
        let out = home.run(&["rules", "--config", &file]);
        assert_eq!(out.status, 2, "{text}");
        assert!(out.stderr.contains(part) && out.stderr.contains("config.toml"), "{}", out.stderr);
        assert!(out.stdout.is_empty());
        // What helps to mend it works all the same.
        assert_eq!(home.run(&["config", "template", "--config", &file]).status, 0);
        let doctor = home.run(&["doctor", "--offline", "--config", &file]);
        assert!(doctor.status == 0 && doctor.stderr.contains(part), "{}", doctor.stderr);
    }
    let out = home.run(&["rules", "--config", "/nowhere/config.toml"]);
    assert_eq!(out.status, 2);
}

#[test]
fn the_template_is_a_settings_file() {
    let home = Home::new();
    let template = home.run(&["config", "template"]).stdout;
    let file = with(&home, &template);
    assert_eq!(home.run(&["rules", "--config", &file]).status, 0);
    assert!(home.run(&["config", "path", "--config", &file]).stdout.trim_end().ends_with("config.toml"));
}

#[test]
fn own_keys_stand_in_the_list() {
    let home = Home::new();
    let file = with(&home, "[keys]\ncopy_value = \"ctrl-y\"\n");
    let keys = home.run(&["keys", "-v", "--config", &file]).stdout;
    assert!(keys.lines().any(|l| l.starts_with("Ctrl+Y") && l.contains("copy_value")), "{keys}");
}

#[test]
fn shells_and_manuals_are_told() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&["completions", shell]);
        assert_eq!(script.status, 0, "{shell}");
        assert!(script.stdout.contains("diagnose"), "{shell}");
    }
    let pages = home.dir.path().join("man");
    let out = home.run(&["man", &pages.to_string_lossy()]);
    assert_eq!(out.status, 0, "{}", out.stderr);
    let names: Vec<String> =
        std::fs::read_dir(&pages).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    for page in ["postdoc.1", "postdoc-diagnose.1", "postdoc-cases-list.1"] {
        assert!(names.iter().any(|n| n == page), "{names:?}");
    }
    assert!(home.run(&["man"]).stdout.contains(".TH postdoc 1"));
}

#[test]
fn the_doctor_shows_colours_and_asks_before_a_clipboard_is_lost() {
    let home = Home::new();
    let file = with(&home, "[theme]\nfail = \"#ff8700\"\n");
    let card = home.run(&["doctor", "--theme", "--config", &file]).stdout;
    assert!(card.lines().any(|l| l.starts_with("dark") && l.contains("38;2;255;135;0")), "{card}");
    assert!(card.lines().any(|l| l.starts_with("mono") && l.contains("FAIL") && !l.contains("38;")), "{card}");
    let slip = with(&home, "[theme]\nfail = \"#ff87\"\n");
    let out = home.run(&["rules", "--config", &slip]);
    assert!(out.status == 2 && out.stderr.contains("line 2") && out.stderr.contains("^^^"), "{}", out.stderr);

    let mut command = home.command(&["doctor", "--offline", "--clipboard"]);
    command.env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22").env_remove("TMUX").env_remove("STY");
    let told = finish(command, b"").stdout;
    assert!(told.contains("not tried") && !told.contains('\x1b'), "{told}");
}
