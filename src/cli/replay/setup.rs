//! What the central system of a replay is set up with.

use super::{Args, Script, scenario};
use crate::cli::output::note;
use crate::csms::Setup;
use crate::sim::central_of;

/// The set-up and where it comes from, in words; `None`: it was told why there is none.
pub(super) fn of(args: &Args, script: &Script) -> anyhow::Result<Option<(Setup, String)>> {
    let (mut setup, whence) = if let Some(path) = &args.config {
        let loaded = match scenario::load(path, &[])? {
            Ok((loaded, _)) => loaded,
            Err(problems) => {
                scenario::show(&problems, false);
                return Ok(None);
            }
        };
        let setup = central_of(&loaded, loaded.site.strategy).setup();
        (setup, format!("as {} says", path.display()))
    } else if let Some(setup) = &script.setup {
        (setup.clone(), "as the trace says".to_owned())
    } else {
        note("ampacity: the trace does not say what its site is; name a scenario with --config");
        return Ok(None);
    };
    if let Some(strategy) = args.strategy {
        setup.sites.iter_mut().for_each(|site| site.config.strategy = strategy);
    }
    Ok(Some((setup, whence)))
}
