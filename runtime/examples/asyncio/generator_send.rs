//! E5: a generator that is sent values by another one, and answers with its status.

use sheave::generator::{
    Gen,
    GeneratorState::{self, Yielded},
};
use std::convert::Infallible;

pub fn main() {
    let mut consumer = Gen::new(|mut co| async move {
        let mut status = true;
        loop {
            let n: u32 = co.yield_(status).await;
            println!("我拿到了{n}!");
            if n == 3 {
                status = false;
            }
        }
    });
    // Python: `c.send(None)`. The type says that it yields and never returns.
    let primed: GeneratorState<bool, Infallible> = consumer.start();
    assert_eq!(primed, Yielded(true));

    let producer = Gen::new(|mut co| async move {
        for n in (1..=5).rev() {
            let Yielded(status) = consumer.resume(n);
            co.yield_(status).await;
        }
    });
    for status in producer {
        if !status {
            println!("我只要3,4,5就行啦");
            break;
        }
    }
}
