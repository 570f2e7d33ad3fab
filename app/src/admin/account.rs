//! "Your account": who one is, where one is signed in, and what one belongs to.

use contract::{
    Timestamp,
    auth::{Device, Me},
};
use leptos::prelude::*;

use super::{Confirm, empty_row};

/// The page. `password` is the form to change it, for people who have one.
pub fn account_page(me: &Me, devices: &[Device], now: Timestamp, password: AnyView) -> AnyView {
    let memberships = me
        .memberships
        .iter()
        .map(|membership| {
            view! {
                <tr>
                    <td>
                        <a class="link" href=format!("/t/{}", membership.tenant)>{membership.name.clone()}</a>
                    </td>
                    <td>{membership.role.as_str()}</td>
                    <td class="r">
                        <a class="link" href=format!("/t/{}/settings/keys", membership.tenant)>"API keys"</a>
                    </td>
                </tr>
            }
        })
        .collect_view();
    let none =
        me.memberships.is_empty().then(|| empty_row(3, "None. Somebody who administers a tenant can invite you."));
    view! {
        <section class="card" aria-labelledby="who">
            <header>
                <h2 id="who">{me.user.name.clone()}</h2>
                <span class="faint">{me.user.email.clone()}</span>
                {me.user.platform_admin.then(|| view! { <span class="tag">"runs the installation"</span> })}
            </header>
            <div class="body flush table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th>"Tenant"</th>
                            <th>"Role"</th>
                            <th></th>
                        </tr>
                    </thead>
                    <tbody>{memberships} {none}</tbody>
                </table>
            </div>
        </section>
        {sessions(devices, now)}
        {password}
    }
    .into_any()
}

fn sessions(devices: &[Device], now: Timestamp) -> AnyView {
    let others = devices.iter().filter(|device| !device.current).count();
    let rows = devices
        .iter()
        .map(|device| {
            let end = if device.current {
                view! { <span class="tag ok">"this one"</span> }.into_any()
            } else {
                view! {
                    <form method="post" action=format!("/account/sessions/{}/end", device.id)>
                        <button class="btn small" aria-label=format!("Sign out {}", browser(&device.agent))>
                            "Sign out"
                        </button>
                    </form>
                }
                .into_any()
            };
            view! {
                <tr>
                    <td title=device.agent.clone()>{browser(&device.agent)}</td>
                    <td class="mono">{device.address.clone()}</td>
                    <td>{device.provider.clone().unwrap_or_else(|| "password".to_owned())}</td>
                    <td class="num" title=device.created_at.to_string()>{ago(device.created_at, now)}</td>
                    <td class="num" title=device.last_seen_at.to_string()>{ago(device.last_seen_at, now)}</td>
                    <td class="r">{end}</td>
                </tr>
            }
        })
        .collect_view();
    let all = (others > 0).then(|| {
        let consequence = match others {
            1 => "The other session ends at once, with everything that is open in it.".to_owned(),
            n => format!("The other {n} sessions end at once, with everything that is open in them."),
        };
        view! {
            <div class="body">
                <Confirm label="Sign out everywhere else" action="/account/sessions/end".to_owned() consequence=consequence />
            </div>
        }
    });
    view! {
        <section class="card" aria-labelledby="sessions">
            <header>
                <h2 id="sessions">"Where you are signed in"</h2>
            </header>
            <div class="body flush table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th>"Browser"</th>
                            <th>"Address"</th>
                            <th>"By"</th>
                            <th>"Since"</th>
                            <th>"Last used"</th>
                            <th></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {all}
        </section>
    }
    .into_any()
}

/// What people call a browser, from what it calls itself.
fn browser(agent: &str) -> String {
    let system = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let program = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let find =
        |table: &[(&str, &'static str)]| table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (find(&program), find(&system)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if agent.is_empty() => "Unknown".to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

/// How long ago, in the largest unit.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let secs = (now.as_secs() - at.as_secs()).max(0);
    match secs {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", secs / 60),
        3600..86_400 => format!("{} h ago", secs / 3600),
        _ => format!("{} d ago", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_the_names_people_know() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1";
        assert_eq!(browser(safari), "Safari on iPhone");
        assert_eq!(browser(""), "Unknown");
        assert_eq!(browser("curl/8.0"), "curl");
    }
}
