//! Guards are shown as what they guard.

/// `Debug` and `Display` of a guard, which are those of the value it derefs to.
macro_rules! shown_as_value {
    ($([$($generics:tt)*] $Guard:ty => $T:ty;)*) => {$(
        impl<$($generics)*> std::fmt::Debug for $Guard
        where
            $T: std::fmt::Debug,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($generics)*> std::fmt::Display for $Guard
        where
            $T: std::fmt::Display,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&**self, f)
            }
        }
    )*};
}
pub(super) use shown_as_value;
