//! `fleuron user create`.

use std::io::{BufRead, IsTerminal};

use super::{Failure, block_on};
use crate::{
    auth::{Actor, Role, password::Password},
    config::{Config, Options},
    services::Services,
    users::NewUser,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Create a user; the password is asked for, or read as one line from standard input
    Create {
        /// E-mail address to sign in with
        #[arg(long)]
        email: String,
        /// User name: a-z, 0-9, `-`, `_` and `.`
        #[arg(long)]
        username: String,
        /// administrator, editor, author, contributor or subscriber
        #[arg(long)]
        role: Role,
        /// The name that readers see [default: the user name]
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
}

pub(super) fn run(options: &Options, command: Command) -> Result<(), Failure> {
    let Command::Create { email, username, role, name } = command;
    let config = Config::load(options)?;
    let password = read_password()?;
    let new = NewUser::parse(&email, &username, &name, role, password).map_err(|faults| {
        let lines: Vec<String> =
            faults.iter().map(|fault| format!("  - {}: {}", fault.field, fault.message)).collect();
        format!("the user cannot be created:\n{}", lines.join("\n"))
    })?;
    block_on(async move {
        let services = Services::open(&config, super::import::base_url(&config)?).await?;
        let first = role == Role::Administrator && services.setup.is_open().await?;
        let created = services.users.create(&Actor::System, new).await;
        if let (Ok(user), true) = (&created, first) {
            services.setup.adopted(user).await?;
        }
        services.close().await;
        let user = created.map_err(|error| error.detail().to_owned())?;
        println!("Created {} ({}).", user.username, role.as_str());
        Ok(())
    })
}

/// Asks for something that must not be shown, or reads it as one line from standard input where there is no terminal.
pub(super) fn ask_password(prompt: &str) -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(prompt)?);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_password() -> Result<Password, Failure> {
    if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ")?;
        if first != rpassword::prompt_password("Again: ")? {
            return Err("the two passwords differ".into());
        }
        return Ok(Password::new(first));
    }
    Ok(Password::new(ask_password("")?))
}
