//! Prints the canary's trace hash; other builds of this program must print the same.

fn main() {
    match hms_trial::canary::hash() {
        Ok(hash) => println!("{hash}"),
        Err(error) => {
            eprintln!("canary: {error}");
            std::process::exit(1);
        }
    }
}
