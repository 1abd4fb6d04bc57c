//! How policy travels, and what a reader may believe: records, digests, and the one file format of floors, last known
//! goods and bundles.
