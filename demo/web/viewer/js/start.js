// What runs when the component is loaded: element, props and watch are Gradio's.
new Viewer(element, props, watch);
