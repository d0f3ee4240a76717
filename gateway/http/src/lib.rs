//! The HTTP faces: native API, pages, the router that mediates every route.
