// Placeholder: the reference server assembles its packages here.
console.log('agent-server: the reference server is not assembled yet');

export {};
