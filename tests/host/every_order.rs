//! Every order and every repetition of what can be said: as sequences, and said in a shop.
//!
//! What is said is with the storefronts that say it.

use crate::shop::Shop;

/// All sequences of this length.
pub(crate) fn sequences<T: Copy>(of: &[T], length: usize) -> Vec<Vec<T>> {
    (0..length).fold(vec![Vec::new()], |shorter, _| {
        let longer = |sequence: Vec<T>| of.iter().map(move |next| [sequence.as_slice(), &[*next]].concat());
        shorter.into_iter().flat_map(longer).collect()
    })
}

/// Says these in every order and with every repetition, up to so many in all, and looks at what each sequence has led to. Gives how
/// many sequences there were.
///
/// What sequences begin with in common is said once: behind each the database goes back, and what is said next follows from there.
/// The clock, what is drawn and the world outside go on, so what is said must not depend on when.
pub(crate) async fn in_every_order<T: Copy>(
    shop: &Shop,
    sayings: &[T],
    longest: usize,
    mut say: impl AsyncFnMut(T),
    mut look: impl AsyncFnMut(&[T]),
) -> usize {
    let (mut places, mut said) = (Vec::new(), Vec::new());
    let (mut next, mut looked) = (0, 0);
    loop {
        match sayings.get(next).filter(|_| said.len() < longest) {
            Some(saying) => {
                shop.host.database().mark().unwrap();
                places.push(next);
                said.push(*saying);
                say(*saying).await;
                look(&said).await;
                looked += 1;
                next = 0;
            }
            None => {
                let Some(place) = places.pop() else { return looked };
                said.pop();
                shop.host.database().go_back().unwrap();
                next = place + 1;
            }
        }
    }
}

/// Each thing that was said, once, in alphabetical order.
pub(crate) fn set<'a>(said: &[&'a str]) -> Vec<&'a str> {
    let mut set = said.to_vec();
    set.sort_unstable();
    set.dedup();
    set
}
