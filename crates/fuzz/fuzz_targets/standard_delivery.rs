#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| latchkey_properties::check("standard_delivery", input));
